"""The control plane: what operators, scripts and the page ask and change by HTTP."""
