/**
 * A payload can't be decrypted here. Retrying elsewhere, or with the right key, works: nothing may
 * fail for good because of it. The message is one sentence, and names the key's ID alone.
 */
export class PayloadKeyProblem extends Error {
  override readonly name = 'PayloadKeyProblem';
}

/** The key's ID is not among those of this process. */
export const missingKey = (id: string): PayloadKeyProblem =>
  new PayloadKeyProblem(
    `LRM_PAYLOAD_KEY has no key with the ID ${id} here: add it (docs/encryption.md)`,
  );

/** There is a key with this ID, but it is not the one that encrypted the payload. */
export const otherKey = (id: string): PayloadKeyProblem =>
  new PayloadKeyProblem(
    `a payload can't be decrypted by the key ${id} of LRM_PAYLOAD_KEY: it was encrypted by another key with the same ID, or changed`,
  );

/** Finds its message among an error's causes: Temporal's SDK wraps what decoding throws. */
export function keyProblemOf(error: unknown): string | undefined {
  for (let each = error; each instanceof Error; each = each.cause) {
    // By name: the failure converter is loaded as a file of its own, with its own copy of the class.
    // Temporal's failures keep the class of an error as their type.
    const { name, type } = each as { name: string; type?: unknown };
    if (name === 'PayloadKeyProblem' || type === 'PayloadKeyProblem') return each.message;
  }
  return undefined;
}
