package org.llava4j.model.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.config.ConfigKeys;
import org.llava4j.data.config.ConfigWarnings;

/**
 * Generation settings of a model folder, as in transformers: read from {@code generation_config.json}, or from
 * {@code config.json} if that file is absent.
 */
public final class GenerationConfig {
    private static final String FILE = "generation_config.json";
    private static final String EOS = "eos_token_id";

    /** Settings of logits processors that are not implemented, with the test for values that disable them. */
    private static final Map<String, Predicate<JsonNode>> NEUTRAL_VALUES = Map.ofEntries(
            Map.entry("repetition_penalty", ConfigKeys.ONE),
            Map.entry("encoder_repetition_penalty", ConfigKeys.ONE),
            Map.entry("guidance_scale", ConfigKeys.ONE),
            Map.entry("no_repeat_ngram_size", ConfigKeys.OFF),
            Map.entry("bad_words_ids", ConfigKeys.OFF),
            Map.entry("force_words_ids", ConfigKeys.OFF),
            Map.entry("constraints", ConfigKeys.OFF),
            Map.entry("forced_bos_token_id", ConfigKeys.OFF),
            Map.entry("forced_eos_token_id", ConfigKeys.OFF),
            Map.entry("exponential_decay_length_penalty", ConfigKeys.OFF),
            Map.entry("suppress_tokens", ConfigKeys.OFF),
            Map.entry("begin_suppress_tokens", ConfigKeys.OFF),
            Map.entry("sequence_bias", ConfigKeys.OFF),
            Map.entry("watermarking_config", ConfigKeys.OFF),
            Map.entry("min_length", ConfigKeys.OFF),
            Map.entry("min_new_tokens", ConfigKeys.OFF),
            Map.entry("penalty_alpha", ConfigKeys.OFF),
            Map.entry("stop_strings", ConfigKeys.OFF),
            Map.entry("num_beams", ConfigKeys.ONE));

    private static final ConfigKeys KEYS = ConfigKeys.builder()
            .read(EOS)
            .read(NEUTRAL_VALUES.keySet().toArray(String[]::new))
            // Defaults of sampling and lengths, which LLaVA4J takes from flags and requests.
            .ignored("do_sample", "temperature", "top_p", "top_k", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff")
            .ignored("max_length", "max_new_tokens", "max_time", "early_stopping", "length_penalty", "top_h")
            .ignored("num_return_sequences", "num_beam_groups", "diversity_penalty", "renormalize_logits")
            // Implementation and return values of generate().
            .ignored("use_cache", "cache_implementation", "cache_config", "return_legacy_cache", "prefill_chunk_size")
            .ignored("output_attentions", "output_hidden_states", "output_scores", "output_logits", "use_mps_device")
            .ignored(
                    "return_dict_in_generate", "remove_invalid_values", "token_healing", "low_memory", "compile_config")
            .ignored("disable_compile", "prompt_lookup_num_tokens", "max_matching_ngram_size", "assistant_early_exit")
            .ignored("num_assistant_tokens", "num_assistant_tokens_schedule", "assistant_confidence_threshold")
            .ignored(
                    "assistant_lookbehind",
                    "target_lookbehind",
                    "is_assistant",
                    "dola_layers",
                    "continuous_batching_config")
            .ignored("bos_token_id", "pad_token_id", "decoder_start_token_id", "encoder_no_repeat_ngram_size")
            .ignored("_from_model_config", "transformers_version", "generation_kwargs", "trust_remote_code")
            .build();

    private GenerationConfig() {}

    /**
     * The ids of all end tokens ({@code eos_token_id}, a number or a list); empty if the folder or GGUF file has none.
     *
     * @throws BadInputException if the value is neither
     */
    public static Set<Integer> eosIds(Path folder) {
        return endTokens(folder).ids();
    }

    /**
     * As {@link #eosIds(Path)}.
     *
     * @param vocabulary number of token ids
     * @throws BadInputException also if an id is outside the vocabulary
     */
    public static Set<Integer> eosIds(Path folder, int vocabulary) {
        EndTokens end = endTokens(folder);
        for (int id : end.ids()) {
            if (id < 0 || id >= vocabulary) {
                throw new BadInputException(end.file() + ": \"" + EOS + "\" has the token " + id
                        + ", but the vocabulary has " + vocabulary + " tokens; correct the file");
            }
        }
        return end.ids();
    }

    /**
     * End tokens and the file that they are from.
     *
     * @param ids empty if there are none
     */
    private record EndTokens(Path file, Set<Integer> ids) {}

    private static EndTokens endTokens(Path folder) {
        Path file = folder.resolve(FILE);
        if (Files.isRegularFile(file)) {
            JsonNode settings = JsonInput.readBoundedObject(file);
            report(file, settings);
            Set<Integer> ids = eosIds(file, settings.path(EOS));
            if (!ids.isEmpty()) {
                return new EndTokens(file, ids);
            }
        }
        Path config = ConfigFile.in(folder);
        if (!Files.isRegularFile(config)) {
            return new EndTokens(config, Set.of());
        }
        JsonNode root = ConfigFile.read(config);
        // llava-hf nests the decoder's config.
        JsonNode value =
                root.has(EOS) ? root.path(EOS) : root.path("text_config").path(EOS);
        return new EndTokens(config, eosIds(config, value));
    }

    /** Warns about settings that would change a greedy answer, which LLaVA4J does not apply, and about unknown keys. */
    private static void report(Path file, JsonNode settings) {
        Set<String> unknown = KEYS.check(file.toString(), "", settings);
        List<String> notApplied = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : settings.properties()) {
            Predicate<JsonNode> neutral = NEUTRAL_VALUES.get(entry.getKey());
            if (neutral != null && !neutral.test(entry.getValue())) {
                notApplied.add("\"" + entry.getKey() + "\" " + entry.getValue());
            }
        }
        if (notApplied.isEmpty()) {
            ConfigWarnings.unknownKeys(file, unknown);
            return;
        }
        ConfigWarnings.report(
                file,
                String.join(", ", notApplied) + " not applied; answers differ from those of generate() in transformers"
                        + (unknown.isEmpty() ? "" : "; unknown keys " + String.join(", ", unknown)));
    }

    private static Set<Integer> eosIds(Path file, JsonNode value) {
        if (value.isNull() || value.isMissingNode()) {
            return Set.of();
        }
        Set<Integer> ids = new TreeSet<>();
        for (JsonNode id : value.isArray() ? value : List.of(value)) {
            if (!id.canConvertToInt() || !id.isIntegralNumber()) {
                throw new BadInputException(
                        file + ": \"" + EOS + "\" is " + value + "; give a token id or a list of token ids");
            }
            ids.add(id.intValue());
        }
        return ids;
    }
}
