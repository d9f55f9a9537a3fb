// Lets `node --import` run the service from its sources: a test of the process must never see a stale build.
import { register } from 'node:module';

register('../../../../tools/typescript-hooks.mjs', import.meta.url);
