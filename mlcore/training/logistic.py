"""A logistic regression with weighted examples and a ridge: what judges and `familiarity` are fitted by."""

import numpy as np
from scipy.optimize import minimize


def standard(values, weight):
    """Weighted mean and deviation (F,) of values (N, F)."""
    weight = weight / weight.sum()
    mean = weight @ values
    return mean, np.sqrt(weight @ (values - mean) ** 2) + 1e-3


def fit_logistic(terms, is_true, weight, ridge):
    """Weights (T,) and offset by maximum likelihood.

    Parameters
    ----------
    terms : ndarray of shape (N, T)
    is_true : ndarray of bool, shape (N,)
    weight : ndarray of shape (N,)
        Of each example; their sum does not matter.
    ridge : float
        Half of it times the sum of squared weights is added to the mean cost of an example.
    """
    weight, sign = weight / weight.sum(), np.where(is_true, 1.0, -1.0)

    def cost(parameters):
        weights, offset = parameters[:-1], parameters[-1]
        margin = sign * (terms @ weights + offset)
        slope = -sign * weight / (1 + np.exp(np.clip(margin, -500, 500)))
        gradient = np.append(terms.T @ slope + ridge * weights, slope.sum())
        return (weight * np.logaddexp(0, -margin)).sum() + ridge / 2 * (weights**2).sum(), gradient

    best = minimize(cost, np.zeros(terms.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return best[:-1], float(best[-1])
