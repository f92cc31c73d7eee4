import type { Shape } from '../shape';
import { BATCHES } from './batches';
import { LIMITS } from './limits';
import { OTHER } from './other';

export const SHAPES: readonly Shape[] = [...BATCHES, ...OTHER, ...LIMITS];
