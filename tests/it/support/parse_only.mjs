// Loaded before a release of OpenClaw: a command that its parser, commander, understands is named and not run.
import { createRequire } from "node:module";

const { Command } = createRequire(process.argv[1])("commander");
const { action } = Command.prototype;
// Nor does anything that a command prepares before it runs.
Command.prototype.hook = function () {
  return this;
};
Command.prototype.action = function (run) {
  return action.call(this, function (...parts) {
    // What takes any option stands for a command that is loaded, and parses again, only now.
    if (this._allowUnknownOption) {
      return run.apply(this, parts);
    }
    const names = [];
    for (let command = this; command.parent; command = command.parent) {
      names.unshift(command.name());
    }
    console.log(`understood: ${names.join(" ")}`);
    process.exit(0);
  });
};
