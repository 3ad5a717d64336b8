import { checkRequiredSource } from './check-resource.ts';
import type { Report } from './report.ts';
import { type Struct, structsOf, textOf } from './shape.ts';
import { parseUrl } from './url.ts';

/** `ignition.config`: every config to merge has a source. */
export function checkIgnitionConfig(config: Struct, report: Report): void {
  for (const resource of structsOf(config, 'merge')) checkRequiredSource(resource, report);
}

export function checkTls(tls: Struct, report: Report): void {
  for (const authority of structsOf(tls, 'certificateAuthorities')) checkRequiredSource(authority, report);
}

export function checkProxy(proxy: Struct, report: Report): void {
  for (const name of ['httpProxy', 'httpsProxy']) {
    const leaf = textOf(proxy, name);
    if (leaf === undefined) continue;
    const scheme = parseUrl(leaf.value)?.scheme;
    if (scheme !== 'http' && scheme !== 'https')
      report.add('proxy-url', leaf, 'a proxy is an http or https URL');
    else if (scheme === 'http' && name === 'httpsProxy') {
      report.add('proxy-insecure', leaf, 'https goes through a proxy that is reached by plain http');
    }
  }
}
