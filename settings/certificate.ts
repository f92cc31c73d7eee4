import { firstNames } from './firstOf';

// What OpenSSL and Node say of a server's certificate, whichever server it is.

const UNKNOWN_ISSUER: ReadonlySet<string> = new Set([
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'INVALID_CA',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Whether the code of an error says that a certificate leads to nobody whom we trust. */
export const isUnknownIssuer = (code: string): boolean => UNKNOWN_ISSUER.has(code);

/** The names in the certificate of an ERR_TLS_CERT_ALTNAME_INVALID. They are public, as all of it is. */
export function certificateNames(error: object): string {
  const { cert } = error as { cert?: { subjectaltname?: string; subject?: { CN?: string } } };
  const names = cert?.subjectaltname?.split(', ') ?? [cert?.subject?.CN ?? 'nobody'];
  return firstNames(
    names.map((name) => name.replace(/^(DNS|IP Address):/, '')),
    3,
  );
}
