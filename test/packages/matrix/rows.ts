/** A way to use the package: everything that can change how it is found and typed. */
export interface Row {
  readonly manager: 'npm' | 'pnpm' | 'yarn' | 'bun';
  readonly type: 'module' | 'commonjs';
  readonly typescript: '5.9' | '6' | '7';
  readonly drizzle: '0.44' | '0.45';
}

const row = (
  manager: Row['manager'],
  type: Row['type'],
  typescript: Row['typescript'],
  drizzle: Row['drizzle'] = typescript === '7' ? '0.45' : '0.44',
): Row => ({ manager, type, typescript, drizzle });

export const ROWS: readonly Row[] = [
  row('npm', 'module', '7'),
  row('npm', 'module', '5.9'),
  row('npm', 'commonjs', '7'),
  row('npm', 'commonjs', '5.9'),
  row('pnpm', 'module', '7'),
  row('pnpm', 'module', '5.9'),
  row('pnpm', 'commonjs', '7'),
  row('pnpm', 'commonjs', '5.9'),
  row('npm', 'module', '6', '0.45'),
  row('yarn', 'commonjs', '7'),
  row('bun', 'module', '7'),
];

/** For example 'npm module 5.9 0.44'; words of it select rows on the command line. */
export const nameOf = (row: Row): string =>
  `${row.manager} ${row.type} ${row.typescript} ${row.drizzle}`;
