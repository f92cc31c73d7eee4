import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../../settings/usageError';

/** What we read of a package.json. */
export interface PackageJson {
  readonly type?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** @throws UsageError when there is none in `folder`, or it is not JSON */
export function readPackageJson(folder: string): PackageJson {
  const file = path.join(folder, 'package.json');
  if (!existsSync(file)) {
    throw new UsageError(
      `there is no package.json in ${folder}; go to your application's folder, or type: npm init -y`,
    );
  }
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as PackageJson;
  } catch {
    throw new UsageError(`${file} is not JSON; correct it first`);
  }
}

/** Whether package.json names the package. */
export const depends = (on: string, { dependencies, devDependencies }: PackageJson): boolean =>
  Boolean(dependencies?.[on] ?? devDependencies?.[on]);
