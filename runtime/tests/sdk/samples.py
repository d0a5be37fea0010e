"""What the SDK's reads and intents are asked with, and which of them matter first.

Tier 1 is what wallets, subnets, staking and weights need; tier 3 is contracts and baskets; tier 2 is the rest.
"""

from __future__ import annotations

import dataclasses

T1_READS = """
alpha_price alpha_prices balance balances block_info block_time blocks_since_last_step
blocks_since_last_update blocks_until_next_epoch bonds burn commit_reveal_enabled delegate
delegate_take delegated delegates difficulty epoch_status existential_deposit hotkey_identities
hotkey_owner identity immunity_period is_delegate is_fast_blocks max_weight_limit metagraph
mev_shield_next_key min_allowed_weights netuids_for_hotkey neurons next_epoch_start_block
owned_hotkeys quote_stake quote_unstake reveal_period root_basket_owed stake stake_for_coldkey
stake_for_coldkeys stake_value_for_coldkey stake_value_for_coldkeys staking_hotkeys subnet
subnet_emission_enabled subnet_hyperparameters subnet_identity subnet_names
subnet_registration_cost subnet_start_schedule subnet_tao_flows subnets
timelocked_weight_commits timestamp token_symbols total_alpha_staked tx_rate_limit uid weights
weights_rate_limit locks_for_coldkey stake_availability_for_coldkey
""".split()
T3_READS = """
associated_evm_key basket_position basket_trading_status root_basket_owed_breakdown
root_basket_portfolio root_basket_total_nav root_baskets validator_basket validator_basket_nav
validator_basket_summary
""".split()
T1_INTENTS = """
transfer transfer_all register_subnet burned_register pow_register root_register start_call
add_stake remove_stake set_weights commit_weights reveal_weights serve_axon serve_axon_tls
serve_prometheus reset_axon set_hyperparameter increase_take decrease_take set_take
set_identity set_subnet_identity associate_hotkey
""".split()
T3_INTENTS = """
fund_evm_key evm_withdraw associate_evm_key stake_into_basket swap_basket swap_basket_many
""".split()


def read_tier(name: str) -> str:
    """The tier of a read."""
    return "T1" if name in T1_READS else "T3" if name in T3_READS else "T2"


def intent_tier(op: str) -> str:
    """The tier of an intent."""
    return "T1" if op in T1_INTENTS else "T3" if op in T3_INTENTS else "T2"


@dataclasses.dataclass
class Sample:
    """Everything plausible that a read or an intent may ask for."""

    coldkey: str
    hotkey: str
    other: str
    third: str
    netuid: int
    netuid2: int
    uid: int
    mechid: int
    block: int
    amount: str
    lease_id: int
    crowdloan_id: int

    def read_params(self, params: dict) -> dict:
        """Arguments for a read, by the names of its parameters."""
        table = {
            "coldkey_ss58": self.coldkey,
            "coldkey_ss58s": [self.coldkey, self.other],
            "hotkey_ss58": self.hotkey,
            "hotkey_ss58s": [self.hotkey, self.other],
            "account_ss58": self.coldkey,
            "call_hash": "0x" + "00" * 32,
            "netuid": self.netuid,
            "netuids": [0, self.netuid],
            "uid": self.uid,
            "mechid": self.mechid,
            "block": self.block,
            "amount_tao": float(self.amount),
            "amount_alpha": float(self.amount),
            "lease_id": self.lease_id,
            "crowdloan_id": self.crowdloan_id,
            "lite": True,
        }
        by_type = {"integer": 0, "number": 1.0, "string": "", "boolean": True, "array": []}
        return {p: table.get(p, by_type.get(t)) for p, t in params.items()}

    def intent_args(self, op: str) -> dict | None:
        """Arguments for one intent op; None when this script has no sample for it."""
        hot, cold, other, third = self.hotkey, self.coldkey, self.other, self.third
        n, n2, amt = self.netuid, self.netuid2, self.amount
        transfer = {"op": "transfer", "dest_ss58": other, "amount_tao": amt}
        ms = {"threshold": 2, "other_signatories": [other, third], "call": transfer}
        tp = {"height": 1, "index": 1}
        end = self.block + 100_000
        weights = {"netuid": n, "uids": [0, 1], "weights": [0.5, 0.5], "mechid": self.mechid}
        table = {
            "add_collateral": {"netuid": n, "amount_alpha": amt, "hotkey_ss58": hot},
            "add_proxy": {"delegate_ss58": other, "proxy_type": "Staking"},
            "add_stake": {"hotkey_ss58": hot, "netuid": n, "amount_tao": amt},
            "add_stake_limit": {
                "hotkey_ss58": hot, "netuid": n, "amount_tao": amt, "limit_price_rao": 10**9,
            },
            "announce_coldkey_swap": {"new_coldkey_ss58": other},
            "associate_evm_key": {
                "netuid": n, "evm_key": "0x" + "11" * 20, "block_number": self.block,
                "signature": "0x" + "22" * 65,
            },
            "associate_hotkey": {"hotkey_ss58": hot},
            "batch": {"intents": [transfer, dict(transfer)]},
            "burned_register": {"netuid": n, "hotkey_ss58": hot},
            "claim_root": {},
            "claim_root_with_hotkey": {"hotkey_ss58": hot},
            "clear_coldkey_swap_announcement": {},
            "commit_weights": dict(weights),
            "contribute_crowdloan": {"crowdloan_id": self.crowdloan_id, "amount_tao": amt},
            "create_crowdloan": {
                "deposit_tao": "10", "min_contribution_tao": "1", "cap_tao": "100", "end": end,
                "target_ss58": other,
            },
            "create_pure_proxy": {"proxy_type": "Staking"},
            "decrease_take": {"take": 0.05, "hotkey_ss58": hot},
            "dispute_coldkey_swap": {},
            "dissolve_crowdloan": {"crowdloan_id": self.crowdloan_id},
            "evm_withdraw": {"amount_tao": amt},
            "execute_proxy_announced": {
                "delegate_ss58": other, "real_ss58": cold, "inner_op": "transfer",
                "inner_args": {"dest_ss58": other, "amount_tao": amt},
            },
            "finalize_crowdloan": {"crowdloan_id": self.crowdloan_id},
            "fund_evm_key": {"evm_address": "0x" + "11" * 20, "amount_tao": amt},
            "increase_take": {"take": 0.17, "hotkey_ss58": hot},
            "kill_pure_proxy": {"spawner_ss58": cold, "height": 1, "ext_index": 1},
            "lock_stake": {"netuid": n, "amount_alpha": amt, "hotkey_ss58": hot},
            "move_lock": {"netuid": n, "destination_hotkey_ss58": other},
            "move_stake": {
                "origin_hotkey_ss58": hot, "origin_netuid": n, "dest_hotkey_ss58": other,
                "dest_netuid": n2, "amount_alpha": amt,
            },
            "move_swap_stake": {
                "origin_hotkey_ss58": hot, "origin_netuid": n, "dest_hotkey_ss58": other,
                "dest_netuid": n2, "amount_alpha": amt,
            },
            "multisig_approve": dict(ms),
            "multisig_cancel": {**ms, "timepoint": tp},
            "multisig_execute": dict(ms),
            "multisig_threshold_1": {"other_signatories": [other], "call": transfer},
            "pow_register": {
                "netuid": n, "work_block": self.block, "nonce": 1, "work_hex": "00" * 32,
                "hotkey_ss58": hot,
            },
            "refund_crowdloan": {"crowdloan_id": self.crowdloan_id},
            "register_leased_network": {"emissions_share": 30, "end_block": end},
            "register_subnet": {"hotkey_ss58": hot},
            "remove_proxies": {},
            "remove_proxy": {"delegate_ss58": other, "proxy_type": "Staking"},
            "remove_stake": {"hotkey_ss58": hot, "netuid": n, "amount_alpha": amt},
            "remove_stake_limit": {
                "hotkey_ss58": hot, "netuid": n, "amount_alpha": amt, "limit_price_rao": 1,
            },
            "reset_axon": {"netuid": n},
            "reveal_weights": {
                "netuid": n, "uids": [0, 1], "weights": [0.5, 0.5], "salt": [1, 2, 3],
            },
            "root_register": {"hotkey_ss58": hot},
            "serve_axon": {"netuid": n, "ip": "1.2.3.4", "port": 8091},
            "serve_axon_tls": {
                "netuid": n, "ip": "1.2.3.4", "port": 8091, "certificate": "0x01" + "33" * 32,
            },
            "serve_prometheus": {"netuid": n, "ip": "1.2.3.4", "port": 7091},
            "set_auto_stake": {"netuid": n, "hotkey_ss58": hot},
            "set_childkey_take": {"netuid": n, "take": 0.1, "hotkey_ss58": hot},
            "set_children": {"netuid": n, "children": [[0.5, other]], "hotkey_ss58": hot},
            "set_crowdloan_max_contribution": {
                "crowdloan_id": self.crowdloan_id, "new_max_contribution_tao": "5",
            },
            "set_hyperparameter": {"netuid": n, "name": "tempo", "value": 360},
            "set_identity": {"name": "coverage"},
            "set_mechanism_count": {"netuid": n, "mechanism_count": 1},
            "set_min_collateral": {"netuid": n, "min_alpha": amt, "hotkey_ss58": hot},
            "set_perpetual_lock": {"netuid": n, "enabled": True},
            "set_reject_locked_alpha": {"enabled": True},
            "set_root_claim_threshold": {"threshold": "0.0005"},
            "set_subnet_emission_enabled": {"netuids": [n, n2], "enabled": True},
            "set_subnet_identity": {"netuid": n, "subnet_name": "coverage"},
            "set_take": {"take": 0.123, "hotkey_ss58": hot},
            "set_weights": dict(weights),
            "stake_burn": {"netuid": n, "amount_tao": amt, "hotkey_ss58": hot},
            "stake_into_basket": {"hotkey_ss58": hot, "amount_tao": amt},
            "start_call": {"netuid": n},
            "swap_basket": {
                "hotkey_ss58": hot, "origin_netuid": 0, "dest_netuid": n, "amount": amt,
            },
            "swap_basket_many": {
                "hotkey_ss58": hot,
                # two legs: the SDK codec mis-encodes a one-element BoundedVec of tuples
                "legs": [
                    {"origin_netuid": 0, "dest_netuid": n, "amount": amt},
                    {"origin_netuid": n, "dest_netuid": 0, "amount": amt},
                ],
            },
            "swap_coldkey_announced": {"new_coldkey_ss58": other},
            "swap_hotkey": {"new_hotkey_ss58": other, "hotkey_ss58": hot, "netuid": n},
            "swap_stake": {
                "hotkey_ss58": hot, "origin_netuid": n, "dest_netuid": n2, "amount_alpha": amt,
            },
            "terminate_lease": {"lease_id": self.lease_id, "hotkey_ss58": hot},
            "transfer": {"dest_ss58": other, "amount_tao": amt},
            "transfer_all": {"dest_ss58": other},
            "transfer_stake": {
                "dest_coldkey_ss58": other, "hotkey_ss58": hot, "origin_netuid": n,
                "dest_netuid": n, "amount_alpha": amt,
            },
            "trim_null_subnet_batch": {"netuid": n, "target": 64},
            "trim_subnet": {"netuid": n, "max_n": 64},
            "unstake_all": {"hotkey_ss58": hot},
            "unstake_all_alpha": {"hotkey_ss58": hot},
            "update_crowdloan_cap": {"crowdloan_id": self.crowdloan_id, "new_cap_tao": "200"},
            "update_crowdloan_end": {"crowdloan_id": self.crowdloan_id, "new_end": end},
            "update_crowdloan_min_contribution": {
                "crowdloan_id": self.crowdloan_id, "new_min_contribution_tao": "2",
            },
            "update_symbol": {"netuid": n, "symbol": "α"},
            "withdraw_crowdloan": {"crowdloan_id": self.crowdloan_id},
        }
        return table.get(op)


def hyperparameter_sample(name: str, bounds: tuple[int, int]) -> object:
    """A raw value that every setter's bounds accept."""
    if name == "epoch_consensus":
        return "Yuma"
    lo, hi = bounds
    return max(lo, min(hi, 1))
