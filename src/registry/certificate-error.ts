import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { systemCodeOf } from '../core/errors.ts';

/** What a server showed as its certificate, as text for a message. */
interface ShownCertificate {
  readonly subject: string;
  readonly issuer: string;
  readonly names: string;
  readonly validFrom: string;
  readonly validTo: string;
}

/** Why OpenSSL and Node.js refuse a server's certificate, by their codes: what it means, and what to do. */
const refusals: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  SELF_SIGNED_CERT_IN_CHAIN: unknownIssuer(),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownIssuer(),
  UNABLE_TO_GET_ISSUER_CERT: unknownIssuer(),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownIssuer(),
  CERT_UNTRUSTED: unknownIssuer(),
  DEPTH_ZERO_SELF_SIGNED_CERT: [
    'its certificate is signed by itself',
    'give that certificate as a CA with --cert-dir, certs.d or SSL_CERT_FILE',
  ],
  CERT_HAS_EXPIRED: [
    'its certificate has expired',
    "have it renewed; or is this machine's clock wrong? (see timedatectl)",
  ],
  CERT_NOT_YET_VALID: ['its certificate is not valid yet', "check this machine's clock (see timedatectl)"],
  CERT_REVOKED: ['its certificate was revoked', 'have it renewed'],
  CERT_SIGNATURE_FAILURE: unknownIssuer(),
  INVALID_CA: unknownIssuer(),
  INVALID_PURPOSE: ['its certificate is not for servers', 'have it renewed'],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'its certificate is for another host',
    'use the name the certificate is for, or have it renewed',
  ],
};

function unknownIssuer(): [string, string] {
  return ['its CA is not trusted', 'give the CA with --cert-dir, certs.d or SSL_CERT_FILE'];
}

/** A server whose certificate was refused, with what it showed where that could be seen. */
export class CertificateError extends Error {
  readonly hint: string;

  constructor(code: string, shown: ShownCertificate | undefined, authorities: readonly string[]) {
    const [reason, hint] = refusals[code] ?? ['its certificate is not accepted', ''];
    const seen =
      shown === undefined
        ? ''
        : `: ${shown.subject}, for ${shown.names}, issued by ${shown.issuer}, valid from ${shown.validFrom} to ${shown.validTo}`;
    super(`${reason} (${code})${seen}`);
    this.hint = `${hint}; trusted are those of ${authorities.join(', ') || 'nobody'}`;
  }
}

/** The code of a refused certificate; undefined for any other failure. */
export function refusalCode(error: unknown): string | undefined {
  const code = systemCodeOf(error);
  return code !== undefined && code in refusals ? code : undefined;
}

/** Reads the certificate off a connection that was made to look at it alone, and ends that connection. */
export function readShown(socket: Socket): ShownCertificate | undefined {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  socket.destroy();
  return (
    certificate && {
      subject: plain(certificate.subject),
      issuer: plain(certificate.issuer),
      names: plain(certificate.subjectAltName),
      validFrom: plain(certificate.validFrom),
      validTo: plain(certificate.validTo),
    }
  );
}

/** A name as one line of visible characters: whoever made the certificate chose it. */
function plain(text: string | undefined): string {
  const line = (text ?? '').replaceAll(/(?<!\s)\s*\n\s*/g, ', ').replaceAll(/[^\x20-\x7e]/g, '?');
  return line.length > 200 ? `${line.slice(0, 200)}...` : line || 'nobody';
}
