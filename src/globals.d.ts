/** The version of package.json, set by the build. */
declare const __VERSION__: string;

/** A file embedded as text at build time. */
declare module '*?raw' {
  const text: string;
  export default text;
}
