import type { PayloadKeys } from '../../settings/payloadKeys';
import { type Finding, ok } from '../../worker/health/finding';

/** Says whether what reaches Temporal is encrypted. Both are fine; but one should know which it is. */
export function checkPayloads({ encryptWith, byId }: PayloadKeys): Finding {
  const others = [...byId.keys()].filter((id) => id !== encryptWith);
  const also = others.length > 0 ? `; ${others.join(', ')} only decrypt` : '';
  const message =
    encryptWith === undefined
      ? `readable in Temporal (LRM_PAYLOAD_KEY names no key that encrypts)${also}`
      : `encrypted with the key ${encryptWith}${also}`;
  return ok('payloads', message);
}
