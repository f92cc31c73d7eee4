import { createSecretKey, type KeyObject } from 'node:crypto';
import { UsageError } from './usageError';

/** Keys for what reaches Temporal. A KeyObject doesn't show its bytes when it is printed. */
export interface PayloadKeys {
  /** ID of the key that encrypts; undefined: nothing is encrypted. */
  readonly encryptWith: string | undefined;
  /** All keys, by ID: each of them decrypts. */
  readonly byId: ReadonlyMap<string, KeyObject>;
}

/** Stands first in the setting when the keys behind it only decrypt. */
const NONE = 'none';
/** What the ID of a key looks like. It is readable in Temporal. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const BASE64 = /^[A-Za-z0-9+/]{43}=$/;

/** Whether this can be the ID of a key. */
export const isKeyId = (id: string): boolean => ID.test(id) && id !== NONE;

/** The form of the setting, for messages: the value itself is never quoted. */
const FORM = "write id:key, as in 2026-11:$(openssl rand -base64 32); several are separated by ','";

/**
 * Reads `LRM_PAYLOAD_KEY`: `id:key` with 32 bytes in base64, several separated by commas. The first
 * encrypts, all decrypt. With `none` in front, they only decrypt.
 * @returns the keys, or what is wrong, without a part of a key
 * @example
 * parsePayloadKeys('2026-11:…=,2025-07:…=') // encrypts with 2026-11, decrypts with both
 */
export function parsePayloadKeys(text: string): PayloadKeys | { readonly problem: string } {
  const parts = text.split(',').map((part) => part.trim());
  const keys = parts[0] === NONE ? parts.slice(1) : parts;
  const byId = new Map<string, KeyObject>();
  for (const [index, part] of keys.entries()) {
    const colon = part.indexOf(':');
    const [id, key] = [part.slice(0, Math.max(0, colon)), part.slice(colon + 1)];
    // Not even what stands before the colon is quoted: it may be a key whose ID was forgotten.
    if (!isKeyId(id)) return { problem: `entry ${index + 1} has no ID; ${FORM}` };
    if (!BASE64.test(key)) return { problem: `the key ${id} is not 32 bytes in base64; ${FORM}` };
    if (byId.has(id)) return { problem: `there are two keys with the ID ${id}` };
    byId.set(id, createSecretKey(key, 'base64'));
  }
  return { encryptWith: parts[0] === NONE ? undefined : [...byId.keys()][0], byId };
}

/** Without the setting: nothing is encrypted, and nothing can be decrypted. */
const NO_KEYS: PayloadKeys = { encryptWith: undefined, byId: new Map() };

/** The setting. It is not in the schema of the others: who prints their values must not print a key. */
export const PAYLOAD_KEY = 'LRM_PAYLOAD_KEY';

/** The keys of an environment. `problems` gets a line when they can't be used. */
export function payloadKeysOf(env: NodeJS.ProcessEnv, problems: string[]): PayloadKeys {
  const text = env[PAYLOAD_KEY];
  if (!text) return NO_KEYS;
  const keys = parsePayloadKeys(text);
  if (!('problem' in keys)) return keys;
  problems.push(`${PAYLOAD_KEY}: ${keys.problem}`);
  return NO_KEYS;
}

/**
 * The keys alone, for a command that needs neither a database nor jobs.
 * @throws UsageError when the setting can't be used
 */
export function readPayloadKeys(env: NodeJS.ProcessEnv = process.env): PayloadKeys {
  const problems: string[] = [];
  const keys = payloadKeysOf(env, problems);
  if (problems.length > 0) throw new UsageError(`wrong settings: ${problems.join('; ')}`);
  return keys;
}
