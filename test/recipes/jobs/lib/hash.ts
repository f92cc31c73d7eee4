import { randomBytes, scryptSync } from 'node:crypto';

export interface Hashed {
  readonly id: bigint;
  readonly pinHash: string;
}

export default function hash({ id, pin }: { id: bigint; pin: string }): Hashed {
  const salt = randomBytes(16);
  const hashed = scryptSync(pin, salt, 32);
  return { id, pinHash: `${salt.toString('base64')}:${hashed.toString('base64')}` };
}
