/** A kind of job that `lrm new` can write. What it writes works as it is, on a table of its test. */
export interface Kind {
  /** For the help and the question: when to take it. */
  readonly about: string;
  /** The job as an ES module, without the comment at its top. */
  readonly job: (example: Example) => string;
  readonly test: KindTest;
}

/** What the written job and its test have in common. */
export interface Example {
  /** The table that stands for the author's. Only this migration's test has it. */
  readonly table: string;
  /** The application's Drizzle schema, if lrm.config names one. */
  readonly schema: string | undefined;
}

/** The parts of a job's test. */
export interface KindTest {
  /** Names that it needs besides those of every test, as [names, from]. */
  readonly imports?: readonly (readonly [names: string, from: string])[];
  /** Statements before the table is created. */
  readonly before?: string;
  /** The table's columns, as SQL. */
  readonly columns: string;
  /** Rows of the table. So many that the kill comes in the middle. */
  readonly rows: number;
  /** One row of the table for each number `i`, as SQL. */
  readonly row: string;
  readonly killAfter: string;
  /** Statements that assign what is left to do to `left`, an array that must be empty. */
  readonly left: (example: Example) => string;
  /** Statements at the end, also after a failure. */
  readonly after?: string;
}

/** The definition of the example's table, for jobs that use Drizzle. */
export const tableOf = ({ table, schema }: Example): string => `\
// Only the columns that this job uses, as they are now: later changes of your schema don't break it.
// Replace it: copy them${schema ? ` from ${schema}` : ' from your schema'}. Don't import the table.
const users = pgTable('${table}', {
  id: bigint('id', { mode: 'bigint' }).primaryKey(),
  email: text('email').notNull(),
  emailLower: text('email_lower'),
});
`;

/** The test of a job that fills email_lower. */
export const lowering: KindTest = {
  columns: 'id bigint primary key, email text not null, email_lower text',
  rows: 50_000,
  row: `i, 'User.' || i || '@B.example'`,
  killAfter: '{ batches: 1 }',
  left: ({ table }) =>
    `const left = await sql\`select from ${table} where email_lower is distinct from lower(email)\`;`,
};
