import { createHash } from 'node:crypto';
import { type PayloadKeys, parsePayloadKeys } from '../../../settings/payloadKeys';

/** A value of LRM_PAYLOAD_KEY with a key for each ID: 'same-as-k1' has the bytes of 'k1'. */
export const payloadKey = (...ids: string[]): string =>
  ids.map((id) => (id === 'none' ? id : `${id}:${bytes(id.replace('same-as-', ''))}`)).join(',');

/** The keys of that value. */
export function keysOf(...ids: string[]): PayloadKeys {
  const keys = parsePayloadKeys(payloadKey(...(ids.length === 0 ? ['none'] : ids)));
  if ('problem' in keys) throw new Error(keys.problem);
  return keys;
}

const bytes = (id: string): string => createHash('sha256').update(id).digest('base64');
