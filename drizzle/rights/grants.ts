import { SCHEMA } from '../ourSchema';
import { identifier } from './identifier';
import { type Part, type Right, rightsOf } from './rights';

/** The names of the roles. Those that are left out get nothing. */
export type Roles = Readonly<Partial<Record<Part | 'owner' | 'job', string>>>;

/**
 * The GRANTs of a role, for the owner of our tables to run after `lrm migrate`. They can be run again:
 * a right that is there already stays.
 */
export function grantsOf(part: Part, role: string, owner?: string): string[] {
  const to = `TO ${identifier(role)}`;
  const schema = identifier(SCHEMA);
  const later = owner === undefined ? '' : ` FOR ROLE ${identifier(owner)}`;
  return [
    `GRANT USAGE ON SCHEMA ${schema} ${to};`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} ${to};`,
    `ALTER DEFAULT PRIVILEGES${later} IN SCHEMA ${schema} GRANT SELECT ON TABLES ${to};`,
    ...grantStatements(rightsOf(part), role).map((statement) => `${statement};`),
  ];
}

/** One statement for each table that has all of these rights granted. */
export function grantStatements(rights: readonly Right[], role: string): string[] {
  const tables = [...new Set(rights.map(({ table }) => table))];
  return tables.map((table) => {
    const ofTable = rights.filter((right) => right.table === table);
    const privileges = [...new Set(ofTable.map(({ privilege }) => privilege))];
    const texts = privileges.map((privilege) => {
      const columns = ofTable
        .filter((right) => right.privilege === privilege && right.column !== null)
        .map(({ column }) => identifier(column ?? ''));
      return columns.length > 0 ? `${privilege} (${columns.join(', ')})` : privilege;
    });
    return `GRANT ${texts.join(', ')} ON ${identifier(SCHEMA)}.${identifier(table)} TO ${identifier(role)}`;
  });
}
