/** The colours of a picture: those of GitHub's pages, so that it fits in. */
export interface Theme {
  readonly background: string;
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  /** Of the times with users; the darker one with more of them. */
  readonly bands: readonly [string, string];
  readonly rows: string;
  readonly lanes: string;
  readonly batch: string;
  readonly mean: string;
  readonly p99: string;
}

export const LIGHT: Theme = {
  background: '#ffffff',
  text: '#1f2328',
  muted: '#59636e',
  line: '#d8dee4',
  bands: ['#f3f5f8', '#e7ebf0'],
  rows: '#0969da',
  lanes: '#8250df',
  batch: '#1a7f37',
  mean: '#bc4c00',
  p99: '#e8b08a',
};

export const DARK: Theme = {
  background: '#0d1117',
  text: '#f0f6fc',
  muted: '#9198a1',
  line: '#30363d',
  bands: ['#151b23', '#212830'],
  rows: '#58a6ff',
  lanes: '#bc8cff',
  batch: '#3fb950',
  mean: '#f0883e',
  p99: '#a5673b',
};
