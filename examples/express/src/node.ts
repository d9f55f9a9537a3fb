import * as jetstream from '@revocast/jetstream';
import { createRevocationNode, nodeFromEnvironment } from '@revocast/node';
import { count } from './verdicts.js';

export const settings = nodeFromEnvironment(process.env, { jetstream, service: 'orders' });
export const node = createRevocationNode({ ...settings.node, onVerdict: count });
