import type { Random } from '../random';
import { jobName, writeDependent } from './jobFiles';
import type { Piece } from './piece';
import type { Shape } from './shape';
import { SHAPES } from './shapes';

/** The next migration, and what it is registered with. Its job's file is there. */
export interface Planned {
  readonly piece: Piece;
  readonly input: object | undefined;
}

/**
 * Chooses a migration after the other: first one of each shape, then any.
 * @param jobs the folder of jobs; a job that depends on another migration gets its file there
 */
export function createPlan(jobs: string, random: Random): (earlier: readonly Piece[]) => Planned {
  const first = shuffled(SHAPES, random);
  let count = 0;
  return (earlier) => {
    count++;
    const [from, to] = [5_000, 20_000];
    const candidates = earlier.slice(-RECENT).filter(({ bad }) => bad === 0);
    let shape = first.shift() ?? random.pick(SHAPES);
    if (shape.depends && candidates.length === 0) {
      first.push(shape);
      shape = first.shift() ?? shape;
    }
    const rows = random.integer(...(shape.rows ?? [from, to]));
    const job = shape.depends
      ? writeDependent(jobs, shape, count, random.pick(candidates))
      : jobName(shape);
    return { piece: pieceOf(shape, job, count, rows), input: shape.input };
  };
}

/** Of the last so many, one is likely to run still. */
const RECENT = 6;

function pieceOf(shape: Shape, job: string, count: number, rows: number): Piece {
  const table = `work_${String(count).padStart(4, '0')}`;
  return {
    name: `${job}:${table}`,
    shape: shape.name,
    table,
    key: shape.key ?? ['id'],
    rows,
    bad: shape.bad ?? 0,
    doesApplicationRows: shape.doesApplicationRows ?? false,
    ranges: shape.ranges ?? true,
    outcomes: shape.outcomes ?? [],
  };
}

function shuffled<T>(all: readonly T[], random: Random): T[] {
  const left = [...all];
  return Array.from(all, () => left.splice(random.integer(0, left.length - 1), 1)[0] as T);
}
