import { randomInt } from 'node:crypto';
import { Fault } from '../base/fault.ts';

/** Fault `invalid` unless the name fits the field's rule; it becomes the instance's host name too. */
export function checkInstanceName(name: string): void {
  const rule = 'must be 1 to 63 letters, digits or "-", not begin or end with "-", and not be only digits';
  const good = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(name) && !/^\d+$/.test(name);
  if (!good) throw new Fault('invalid', `Invalid instance name "${name.slice(0, 80)}": it ${rule}`);
}

const adjectives =
  `able airy amber ample apt azure bold brave brisk calm clear clever cosy crisp deft dry eager early easy
fair fast fine firm fleet fond frank free fresh gentle glad good grand great green hale happy hardy keen kind light lively
loyal lucid lucky merry mild neat nimble noble open plain proud pure quick quiet rapid ready rich rosy round safe sharp
silent sleek smart smooth snug sober soft solid spry steady still strong sunny sure swift tidy trim true warm wide wise`
    .trim()
    .split(/\s+/);

const animals =
  `adder alpaca ant badger bat bear beaver bee bison boar camel carp cat cobra condor coot crab crane cricket
crow deer dove duck eagle eel egret elk falcon ferret finch fox frog gecko gibbon goat goose grouse gull hare hawk hen heron
hornet horse ibex ibis jackal jay kestrel kite koala lark lemur lion lizard llama lynx marmot marten mole moose moth mouse
mule newt ocelot octopus orca oriole osprey otter owl ox oyster panda parrot pelican perch pigeon pike pony puffin puma
quail rabbit raven robin rook salmon seal shark sheep shrew snail snipe sparrow squid stoat stork swan swift tapir tern thrush
tiger toad trout turtle viper vole walrus wasp weasel whale wolf wombat wren yak zebra`
    .trim()
    .split(/\s+/);

/** Two words, such as `brisk-otter`. The caller tries again when it is taken. */
export function randomInstanceName(): string {
  return `${adjectives[randomInt(adjectives.length)]}-${animals[randomInt(animals.length)]}`;
}
