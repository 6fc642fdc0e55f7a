"""TLR4 on microglia: ligand, TRIF/IRF3 branch (open to naltrexone) and MyD88/NF-kB branch (not).

The branch split follows the best in-vitro evidence. Its potency there is micromolar or weaker,
while unbound naltrexone at 4.5 mg is about 3 nmol/L: the potency used is therefore a hypothesis.
"""

from __future__ import annotations

from ldnsim.mechanisms.record import ASSUMED, Mechanism, lognormal

M = Mechanism("tlr4", "Toll-like receptor 4 and its two branches")
P = M.parameter
P("driver", 0.02, "1", "outside TLR4 ligand (infection, mould), relative to a strong driver",
  ASSUMED, spread=lognormal(0.5))
P("ligand50", 0.2, "1", "ligand that activates half of TLR4", ASSUMED, spread=lognormal(0.3),
  low=1e-3)
P("damp_gain", 0.03706, "1", "TLR4 ligand from damaged neurons at full damage", ASSUMED,
  "agalave2014", spread=lognormal(0.5), note="disulfide HMGB1 acts through TLR4; size assumed")
P("mast_ligand", 0.005, "1", "TLR4 drive per unit of mast-cell activation", ASSUMED,
  spread=lognormal(0.5))
P("k_trif", 0.5, "1/h", "turnover of TRIF-branch signalling", ASSUMED, spread=lognormal(0.4))
P("k_myd88", 1.0, "1/h", "turnover of MyD88-branch signalling", ASSUMED, spread=lognormal(0.4))
P("ic50_trif", 2.0, "nmol/L", "naltrexone concentration that halves the TRIF branch", ASSUMED,
  spread=lognormal(1.0), low=1e-6,
  note="what the story needs; the lowest measured glial constant is 1,960 nmol/L (superoxide, "
  "naloxone, Wang Q 2012), and human blood cells show nothing to 200,000 nmol/L (Cant 2017)",
  alternatives={"superoxide_naloxone": 1960.0, "glia_prior": 30000.0})
P("coupling_tlr4", 1.0, "1", "switch: naltrexone inhibits the TRIF branch directly", high=1.0)


@M.quantity("1", "TLR4 ligand, relative to a strong driver")
def tlr4_ligand(
    driver: float,
    damp_gain: float,
    damps: float,
    mast_ligand: float,
    mast_activation: float,
    stress: float,
    stress_driver: float,
) -> float:
    """Outside driver, danger signals of damaged neurons, mast cells, stress."""
    return driver + damp_gain * damps + mast_ligand * mast_activation + stress_driver * stress


@M.quantity("1", "share of TLR4 activated")
def tlr4_activation(tlr4_ligand: float, ligand50: float) -> float:
    """Ligand occupancy."""
    return tlr4_ligand / (ligand50 + tlr4_ligand)


@M.quantity("1", "share of the TRIF branch that naltrexone leaves")
def trif_uninhibited(ntx_acting: float, ic50_trif: float, coupling_tlr4: float) -> float:
    """Hill coefficient 1."""
    return 1.0 / (1.0 + coupling_tlr4 * ntx_acting / ic50_trif)


@M.state("1", "TRIF-branch signalling of TLR4", scale=0.01, upper=1.0, start=0.088,
         start_inflamed=0.15)
def tlr4_trif(
    tlr4_trif: float, tlr4_activation: float, trif_uninhibited: float, k_trif: float
) -> float:
    """Follows activation, damped by naltrexone."""
    return k_trif * (tlr4_activation * trif_uninhibited - tlr4_trif)


@M.state("1", "MyD88-branch signalling of TLR4", scale=0.01, upper=1.0, start=0.088,
         start_inflamed=0.15)
def tlr4_myd88(tlr4_myd88: float, tlr4_activation: float, k_myd88: float) -> float:
    """Follows activation; not reached by naltrexone."""
    return k_myd88 * (tlr4_activation - tlr4_myd88)


M.reads("fraction", "tlr4_trif", "tlr4_myd88", "tlr4_activation", better="lower")
M.reads("fraction", "trif_uninhibited")
M.reads("relative to a strong driver", "tlr4_ligand")
M.called(
    tlr4_trif="TLR4-TRIF", tlr4_myd88="TLR4-MyD88", tlr4_activation="TLR4 activation",
    tlr4_ligand="TLR4 ligand", trif_uninhibited="TRIF left free",
)  # fmt: skip
