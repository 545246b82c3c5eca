"""The exam: run the whole product on simulated markets, and judge it by what each market lets anyone find."""
