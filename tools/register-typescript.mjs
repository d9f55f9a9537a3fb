// Lets `node --import` run a command from the sources of the libraries, with `-C @revocast/source`.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
