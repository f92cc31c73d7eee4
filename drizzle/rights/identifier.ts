/** A name as SQL takes it, whatever characters it has. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
