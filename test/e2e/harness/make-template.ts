import { template } from './template.ts';

console.log(await template('tiny', 'debian/12'));
