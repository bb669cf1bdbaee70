from replication.seeding import derived_seed


def test_every_use_has_a_seed_of_its_own():
    uses = [(s, p, *i) for s in range(4) for p in ("views", "plan") for i in [(), (0,), (1,), (0, 0), (0, 1), (1, 0)]]
    seeds = {derived_seed(*use) for use in uses}
    assert len(seeds) == len(uses)
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert derived_seed(3, "views", 1, 2) == derived_seed(3, "views", 1, 2)
