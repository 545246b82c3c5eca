"""The gated residual network adds what its gate lets through, and normalises."""

import numpy as np

from stockseq.layers.gated_residual import GatedResidual


def test_half_open_gate_adds_half_and_the_sum_is_normalised() -> None:
    """By hand: hidden elu(-1) = -0.63212, gate 1/2, so -0.31606 is added to (0, 1, 2).

    The mean of (-0.31606, 1, 2) is 0.89465 and the variance 0.89968; with Keras' 0.001 the deviations are divided by
    0.94904.
    """
    layer = GatedResidual(1)
    layer.build((1, None, 3))
    layer.hidden.bias.assign([[-1.0]])
    for dense in (layer.hidden, layer.gate, layer.value):
        dense.kernel.assign(np.zeros(dense.kernel.shape))
    layer.mixed.kernel.assign([[[1.0]]])
    layer.value.kernel.assign([[[1.0, 0.0, 0.0]]])
    made = layer(np.array([[[0.0, 1.0, 2.0]]], np.float32)).numpy()
    np.testing.assert_allclose(made[0, 0], [-1.27572, 0.11101, 1.16471], atol=1e-4)
