/** What Go's `net/url` makes of a text, as far as Ignition asks: the scheme in lower case, and the query as written. */
export interface ParsedUrl {
  readonly scheme: string;
  readonly query: string;
}

/** Parses a URL as the Go library does that Ignition uses (net/url `Parse`). Undefined where it refuses the text. */
export function parseUrl(text: string): ParsedUrl | undefined {
  const hash = text.indexOf('#');
  const beforeFragment = hash === -1 ? text : text.slice(0, hash);
  if (hasControl(beforeFragment)) return undefined;
  if (hash !== -1 && !escapesAreWhole(text, hash + 1, text.length)) return undefined;
  if (beforeFragment === '*') return { scheme: '', query: '' };
  const colon = schemeEnd(beforeFragment);
  if (colon === 0) return undefined;
  const scheme = colon === -1 ? '' : beforeFragment.slice(0, colon).toLowerCase();
  const afterScheme = beforeFragment.slice(colon + 1);
  const mark = afterScheme.indexOf('?');
  const rest = mark === -1 ? afterScheme : afterScheme.slice(0, mark);
  const url = { scheme, query: mark === -1 ? '' : afterScheme.slice(mark + 1) };
  if (!rest.startsWith('/')) return scheme !== '' || !firstSegmentHasColon(rest) ? url : undefined;
  if (!rest.startsWith('//') || (scheme === '' && rest.startsWith('///'))) {
    return escapesAreWhole(rest, 0, rest.length) ? url : undefined;
  }
  const slash = rest.indexOf('/', 2);
  const end = slash === -1 ? rest.length : slash;
  return isAuthority(rest.slice(2, end)) && escapesAreWhole(rest, end, rest.length) ? url : undefined;
}

/** In ASCII: the bytes of other characters are none to Go. */
function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

/** The offset of the colon behind a scheme; -1 where there is none, 0 where nothing comes before it. */
function schemeEnd(text: string): number {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (isLetter(code)) continue;
    if (code === 0x3a) return at;
    const later = isDigit(code) || code === 0x2b || code === 0x2d || code === 0x2e;
    if (!later || at === 0) return -1;
  }
  return -1;
}

function firstSegmentHasColon(rest: string): boolean {
  const slash = rest.indexOf('/');
  return (slash === -1 ? rest : rest.slice(0, slash)).includes(':');
}

function isAuthority(authority: string): boolean {
  const at = authority.lastIndexOf('@');
  if (at === -1) return isHost(authority);
  const user = authority.slice(0, at);
  return (
    /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user) &&
    escapesAreWhole(user, 0, user.length) &&
    isHost(authority.slice(at + 1))
  );
}

function isHost(host: string): boolean {
  if (host.startsWith('[')) {
    const close = host.lastIndexOf(']');
    return close !== -1 && isOptionalPort(host.slice(close + 1)) && isHostText(host.slice(1, close));
  }
  const colon = host.lastIndexOf(':');
  return (colon === -1 || isOptionalPort(host.slice(colon))) && isHostText(host);
}

function isOptionalPort(text: string): boolean {
  return /^(?::[0-9]*)?$/.test(text);
}

/** In a host, only bytes outside ASCII may be escaped, and `%25` before a zone. */
function isHostText(host: string): boolean {
  if (notInHost.test(host)) return false;
  for (let at = host.indexOf('%'); at !== -1; at = host.indexOf('%', at + 3)) {
    if (!/^%(?:[89A-Fa-f][0-9A-Fa-f]|25)$/.test(host.slice(at, at + 3))) return false;
  }
  return true;
}

const notInHost = /[^%A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"\u0080-\uffff]/;

/** Whether every `%` between two offsets has its two hexadecimal digits. */
function escapesAreWhole(text: string, from: number, to: number): boolean {
  for (let at = text.indexOf('%', from); at !== -1 && at < to; at = text.indexOf('%', at + 3)) {
    if (at + 2 >= to || !isHex(text.charCodeAt(at + 1)) || !isHex(text.charCodeAt(at + 2))) return false;
  }
  return true;
}

function isLetter(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isHex(code: number): boolean {
  return isDigit(code) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);
}
