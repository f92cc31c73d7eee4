import type { DataConverter } from '@temporalio/common';
import type { PayloadKeys } from '../../settings/payloadKeys';
import { built } from '../../settings/projectFolder';
import { EncryptingCodec } from './codec';

/** Encrypts and decrypts with these keys. For a client as it is; a worker adds its payload converter. */
export const encrypting = (keys: PayloadKeys): DataConverter => ({
  payloadCodecs: [new EncryptingCodec(keys)],
  ...(keys.encryptWith === undefined ? {} : { failureConverterPath }),
});

const failureConverterPath = built('failureConverter.js');
