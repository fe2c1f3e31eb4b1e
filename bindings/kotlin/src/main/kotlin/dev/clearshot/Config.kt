package dev.clearshot

import dev.clearshot.generated.checkConfig as rustCheckConfig

/**
 * Reads a configuration and says which it is; without one, the shipped one is described. For an app that fetches its
 * configuration and wants to know whether it can be used before it replaces the last.
 *
 * ```json
 * {"analysis": {"sharp_from": 0.5}, "guide": {"example_ms": 5000}}
 * ```
 *
 * @throws ClearshotException with [ErrorCode.INVALID_CONFIG]
 */
public fun checkConfig(json: String? = null): ConfigurationInfo =
    bordered { rustCheckConfig(json) }.let { ConfigurationInfo(it.policyVersion.toInt(), it.policyHash) }

/**
 * What a configuration is, as it is recorded with every verdict.
 *
 * @property policyVersion version of the thresholds
 * @property policyHash SHA-256 of the thresholds' canonical JSON, in hex
 */
public data class ConfigurationInfo(public val policyVersion: Int, public val policyHash: String)
