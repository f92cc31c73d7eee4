import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { bigint, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { BadRow, defineJob } from 'long-running-migrations';

const tokens = pgTable('tokens', {
  id: bigint('id', { mode: 'bigint' }).primaryKey(),
  keyVersion: integer('key_version').notNull(),
  encrypted: text('encrypted').notNull(), // base64 of IV, tag and ciphertext
});

export default defineJob({
  async run(job) {
    const [oldKey, newKey] = [keyOf('TOKEN_KEY_1'), keyOf('TOKEN_KEY_2')];
    const walk = { key: tokens.id, where: eq(tokens.keyVersion, 1), onError: 'skip' } as const;
    await job.inBatches(tokens, walk, async (tx, batch) => {
      const rows = await batch.rows({ id: tokens.id, encrypted: tokens.encrypted });
      const changed = rows.map(({ id, encrypted }) => ({
        id,
        keyVersion: 2,
        encrypted: encrypt(decrypt(encrypted, oldKey), newKey),
      }));
      await job.updateRows(tx, tokens, tokens.id, changed);
    });
  },
});

function keyOf(name: string): Buffer {
  const key = Buffer.from(process.env[name] ?? '', 'hex');
  if (key.length !== 32) throw new TypeError(`${name} is not a key of 32 bytes in hexadecimal`);
  return key;
}

function encrypt(text: Buffer, key: Buffer): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const body = Buffer.concat([cipher.update(text), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64');
}

function decrypt(encrypted: string, key: Buffer): Buffer {
  const all = Buffer.from(encrypted, 'base64');
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, all.subarray(0, 12));
    decipher.setAuthTag(all.subarray(12, 28));
    return Buffer.concat([decipher.update(all.subarray(28)), decipher.final()]);
  } catch {
    throw new BadRow('it is not encrypted with key 1');
  }
}
