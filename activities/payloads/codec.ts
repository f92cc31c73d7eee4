import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { isKeyId, type PayloadKeys } from '../../settings/payloadKeys';
import { fromJson, toJson } from './json';
import { missingKey, otherKey } from './keyProblem';

/** Encoding of a payload that we encrypted. Others (an application's own) are left as they are. */
const ENCODING = 'binary/lrm-aes-256-gcm';
const CIPHER = 'aes-256-gcm';
/** What the cipher recommends: other lengths are hashed to this one. Bytes. */
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts what reaches Temporal, with AES-256-GCM and the first of the keys. The key's ID stands
 * beside it, so that the right key is found later. Payloads that are not encrypted (histories from
 * before the keys, a signal of Temporal's CLI) are read as they are.
 *
 * Without keys it decrypts nothing, but still notices what it can't decrypt: otherwise the run would
 * take an encrypted signal for an invalid one, and ignore it.
 */
export class EncryptingCodec implements PayloadCodec {
  constructor(private readonly keys: PayloadKeys) {}

  async encode(payloads: Payload[]): Promise<Payload[]> {
    const { encryptWith: id, byId } = this.keys;
    const key = id === undefined ? undefined : byId.get(id);
    if (id === undefined || !key) return payloads;
    return payloads.map((each) => (keyIdOf(each) === undefined ? encrypt(each, id, key) : each));
  }

  /** @throws PayloadKeyProblem */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => {
      const id = keyIdOf(payload);
      if (id === undefined) return payload;
      const key = this.keys.byId.get(id);
      if (!key) throw missingKey(id);
      return decrypt(payload, id, key);
    });
  }
}

/** ID of the key that encrypted a payload; undefined when we did not encrypt it. */
function keyIdOf({ metadata }: Payload): string | undefined {
  const text = (name: string) => Buffer.from(metadata?.[name] ?? []).toString();
  const id = text('encryption-key-id');
  return text('encoding') === ENCODING && isKeyId(id) ? id : undefined;
}

function encrypt(payload: Payload, id: string, key: KeyObject): Payload {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(id));
  const text = [cipher.update(JSON.stringify(toJson(payload))), cipher.final()];
  return {
    metadata: { encoding: Buffer.from(ENCODING), 'encryption-key-id': Buffer.from(id) },
    data: Buffer.concat([iv, cipher.getAuthTag(), ...text]),
  };
}

function decrypt({ data }: Payload, id: string, key: KeyObject): Payload {
  const bytes = Buffer.from(data ?? []);
  try {
    const iv = bytes.subarray(0, IV_BYTES);
    const decipher = createDecipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(id));
    decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    const text = [decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()];
    return fromJson(JSON.parse(Buffer.concat(text).toString()));
  } catch {
    // The cipher's own errors say less.
    throw otherKey(id);
  }
}
