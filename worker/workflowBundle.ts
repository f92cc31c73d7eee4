import path from 'node:path';

/** The bundled workflow code, made by `npm run build`. */
export const workflowBundle = path.resolve(__dirname, '../workflows/bundle.js');

/** Decodes inputs, in the bundle and in the worker. */
export const payloadConverterPath = path.resolve(__dirname, '../workflows/payloadConverter.js');
