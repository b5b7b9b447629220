/** The run itself is broken: the shell broke a rule of the simulation, or the world does not play along. */
export class SimulationError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SimulationError';
  }
}
