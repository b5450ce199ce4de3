package org.llava4j.model.folder;

import static org.llava4j.data.config.ConfigKeys.OFF;
import static org.llava4j.data.config.ConfigKeys.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.config.ConfigKeys;
import org.llava4j.data.config.ConfigWarnings;

/**
 * Settings of PEFT's {@code adapter_config.json} that the result depends on.
 *
 * @param rank of every A and B
 * @param alpha {@code scale} times {@code rank}: {@code lora_alpha}, times the root of the rank with {@code use_rslora}
 * @param scale of the product B A
 * @param base {@code base_model_name_or_path}: a folder, or an id of the Hugging Face hub as a relative path; null if it is not
 *     recorded or not a path
 */
record AdapterConfig(
        int rank, double alpha, double scale, @Nullable Path base) {
    /** Initializations that modify the base weights, so that the adapter does not apply to the original base. */
    private static final List<String> CHANGES_BASE = List.of("pissa", "olora", "loftq", "corda", "lora_ga");

    /** Initializations that modify A and B only. */
    private static final Set<String> CHANGES_ADAPTER = Set.of("gaussian", "eva", "orthogonal");

    private static final String UNKNOWN_KIND = "this LoRA option is not supported";

    private static final ConfigKeys KEYS = ConfigKeys.builder()
            .read("r", "lora_alpha", "use_rslora", "init_lora_weights", "base_model_name_or_path")
            .only(text("LORA"), "only LORA is supported", "peft_type")
            .only(text("none"), "trained biases are not supported", "bias")
            .only(OFF, "DoRA is not supported; use an adapter without it", "use_dora")
            .only(OFF, "fully trained modules are not supported", "modules_to_save")
            .only(OFF, "trained embedding rows are not supported", "trainable_token_indices")
            .only(OFF, "only one rank and alpha for all targets is supported", "rank_pattern", "alpha_pattern")
            .only(OFF, UNKNOWN_KIND, "layer_replication", "lora_bias", "use_qalora", "target_parameters")
            .only(OFF, UNKNOWN_KIND, "arrow_config", "alora_invocation_tokens", "megatron_config")
            // The tensor names in the adapter file determine which weights change.
            .ignored("target_modules", "exclude_modules", "layers_to_transform", "layers_pattern")
            .ignored("auto_mapping", "revision", "task_type", "peft_version")
            .ignored("inference_mode", "lora_dropout", "runtime_config", "megatron_core", "ensure_weight_tying")
            .ignored("loftq_config", "eva_config", "corda_config", "lora_ga_config", "qalora_group_size")
            // PEFT sets it to false for torch.nn.Linear.
            .ignored("fan_in_fan_out")
            .build();

    /** @throws BadInputException if the result would differ from PEFT's */
    static AdapterConfig read(Path folder) {
        Path file = folder.resolve(AdapterFiles.CONFIG);
        JsonNode json = JsonInput.readBoundedObject(file);
        require(json.hasNonNull("peft_type"), file, "peft_type", "", "only LORA is supported");
        Set<String> unknown = KEYS.check(file.toString(), "", json);
        for (String key : unknown) {
            require(OFF.test(json.get(key)), file, key, json.get(key), UNKNOWN_KIND);
        }
        ConfigWarnings.unknownKeys(file, unknown);
        requireSameBase(file, json.path("init_lora_weights"));
        JsonNode rank = json.path("r");
        require(rank.isInt() && rank.intValue() > 0, file, "r", rank, "it must be 1 or more");
        JsonNode alpha = json.path("lora_alpha");
        require(alpha.isNumber() && alpha.doubleValue() > 0, file, "lora_alpha", alpha, "it must be above 0");
        JsonNode stabilized = json.path("use_rslora");
        require(
                stabilized.isBoolean() || stabilized.isNull() || stabilized.isMissingNode(),
                file,
                "use_rslora",
                stabilized,
                "it must be true or false");
        double root = stabilized.asBoolean() ? Math.sqrt(rank.intValue()) : 1;
        return new AdapterConfig(
                rank.intValue(),
                alpha.doubleValue() * root,
                alpha.doubleValue() / (stabilized.asBoolean() ? root : rank.intValue()),
                base(json.path("base_model_name_or_path")));
    }

    private static @Nullable Path base(JsonNode name) {
        try {
            return name.isTextual() ? Path.of(name.textValue()) : null;
        } catch (InvalidPathException e) {
            return null;
        }
    }

    /** PEFT compares most names case-insensitively. */
    private static void requireSameBase(Path file, JsonNode initialization) {
        if (!initialization.isTextual()) {
            return;
        }
        String name = initialization.textValue().toLowerCase(Locale.ROOT);
        require(
                CHANGES_BASE.stream().noneMatch(name::startsWith),
                file,
                "init_lora_weights",
                initialization.textValue(),
                "it modifies the base weights, which is not supported");
        require(
                CHANGES_ADAPTER.contains(name) || Boolean.parseBoolean(name) || name.equals("false"),
                file,
                "init_lora_weights",
                initialization.textValue(),
                "this initialization is unknown and may modify the base weights");
    }

    private static void require(boolean holds, Path file, String key, Object value, String what) {
        if (!holds) {
            String text = String.valueOf(value);
            throw new BadInputException(
                    file + ": \"" + key + "\" is " + (text.isEmpty() ? "missing" : text) + "; " + what);
        }
    }
}
