/** A field of an input that does not fit its job's schema. */
export interface InputProblem {
  /** Keys and indexes from the outside in. Empty: the input as a whole. */
  readonly path: readonly (string | number)[];
  /** What the schema's library says. It may quote the value: it is only for who has typed that. */
  readonly message: string;
}

const NAME = /^[A-Za-z_$][\w$]{0,63}$/;

/** 'input.tenant.ids[3]'. */
export const pathText = (path: InputProblem['path']): string =>
  `input${path.map((key) => (NAME.test(String(key)) ? `.${key}` : `[${JSON.stringify(key)}]`)).join('')}`;

/** The same for an error column: a key that is no identifier may be data, and is not shown. */
export const safePathText = (path: InputProblem['path']): string =>
  pathText(path.map((key) => (typeof key === 'number' || NAME.test(key) ? key : '…')));
