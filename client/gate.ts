export { NotCompleted, requireCompleted } from './requireCompleted';
