import { built } from '../settings/projectFolder';

/** The bundled workflow code, made by `npm run build`. */
export const workflowBundle = built('workflowBundle.js');

/** Decodes inputs, in the bundle and in the worker. */
export const payloadConverterPath = built('payloadConverter.js');
