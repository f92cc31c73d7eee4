import { defaultPayloadConverter } from '@temporalio/common';
import { EncryptingCodec } from '../../activities/payloads/codec';
import { fromJson, type JsonPayload, toJson } from '../../activities/payloads/json';
import { keyProblemOf } from '../../activities/payloads/keyProblem';
import type { PayloadKeys } from '../../settings/payloadKeys';

/** Decrypts each payload. In place of one that can't be decrypted stands why: the others are shown. */
export async function decodePayloads(
  keys: PayloadKeys,
  payloads: readonly JsonPayload[],
): Promise<JsonPayload[]> {
  const codec = new EncryptingCodec(keys);
  const decode = async (payload: JsonPayload): Promise<JsonPayload> => {
    try {
      const decoded = await codec.decode([fromJson(payload)]);
      return decoded.map(toJson)[0] ?? payload;
    } catch (error) {
      const why = `not decrypted by lrm codec-server: ${keyProblemOf(error) ?? 'unexpected'}`;
      return toJson(defaultPayloadConverter.toPayload(why));
    }
  };
  return Promise.all(payloads.map(decode));
}

/** Encrypts each payload, for a workflow or a signal that is sent from the Web UI. */
export async function encodePayloads(
  keys: PayloadKeys,
  payloads: readonly JsonPayload[],
): Promise<JsonPayload[]> {
  return (await new EncryptingCodec(keys).encode(payloads.map(fromJson))).map(toJson);
}
