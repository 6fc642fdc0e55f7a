"""The Rosenbrock method Rodas5P, with the exact sparse Jacobian."""

from ldnsim.engine.methods.method import Method

METHOD = Method(
    name="rodas5p",
    title="Rodas5P",
    order=5,
    error_power=5,
    resumes=False,
    citation="Steinebach 2023, BIT Numerical Mathematics 63:27, doi:10.1007/s10543-023-00967-x",
    package=__name__,
)
