"""A running mean of weights, which generalises better than the last ones."""

import torch


class MovingAverage:
    """Exponential moving average of a module's floating-point state; early steps weigh as in a plain mean."""

    def __init__(self, module, decay):
        self.decay, self.n = decay, 0
        self.state = {name: value.detach().clone() for name, value in module.state_dict().items()}

    def load(self, state, n):
        """Go on with an average that a checkpoint kept, where the module's weights lie."""
        self.n = n
        self.state = {name: value.to(self.state[name].device) for name, value in state.items()}

    @torch.no_grad()
    def update(self, module):
        self.n += 1
        decay = min(self.decay, self.n / (self.n + 9))
        for name, value in module.state_dict().items():
            if value.dtype.is_floating_point:
                self.state[name].lerp_(value, 1 - decay)
            else:
                self.state[name].copy_(value)
