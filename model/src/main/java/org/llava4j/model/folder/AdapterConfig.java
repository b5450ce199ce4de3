package org.llava4j.model.folder;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Set;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;

/**
 * What PEFT's {@code adapter_config.json} says that matters for a merge.
 *
 * @param rank of every A and B
 * @param scale of their products
 */
record AdapterConfig(int rank, double scale) {
    /** Ways to begin that change the base too, so that it is not what the adapter belongs to any more. */
    private static final Set<String> CHANGES_BASE = Set.of("pissa", "olora", "loftq", "corda", "lora_ga");

    /** Keys that change no number, or that are looked at one by one. What else is turned on would change some. */
    private static final Set<String> KNOWN = Set.of(
            "auto_mapping",
            "base_model_name_or_path",
            "bias",
            "corda_config",
            "ensure_weight_tying",
            "eva_config",
            "exclude_modules",
            "inference_mode",
            "init_lora_weights",
            "layers_pattern",
            "layers_to_transform",
            "loftq_config",
            "lora_alpha",
            "lora_dropout",
            "lora_ga_config",
            "megatron_core",
            "peft_type",
            "peft_version",
            "qalora_group_size",
            "r",
            "revision",
            "runtime_config",
            "target_modules",
            "task_type",
            "use_rslora");

    static AdapterConfig read(Path folder) {
        Path file = folder.resolve(AdapterFiles.CONFIG);
        JsonNode json = JsonInput.readObject(file);
        String kind = json.path("peft_type").asText();
        require(kind.equals("LORA"), file, "peft_type", kind, "only LORA can be merged");
        json.properties().forEach(entry -> {
            boolean plain = KNOWN.contains(entry.getKey()) || isOff(entry.getValue());
            require(plain, file, entry.getKey(), entry.getValue(), "this kind of LoRA is not known here");
        });
        String bias = json.path("bias").asText("none");
        require(bias.equals("none"), file, "bias", bias, "biases that learned cannot be merged here");
        String begun = json.path("init_lora_weights").asText();
        require(
                CHANGES_BASE.stream().noneMatch(begun::startsWith),
                file,
                "init_lora_weights",
                begun,
                "that changed the base as well");
        JsonNode rank = json.path("r");
        require(rank.isInt() && rank.intValue() > 0, file, "r", rank, "it must be 1 or more");
        JsonNode alpha = json.path("lora_alpha");
        require(alpha.isNumber() && alpha.doubleValue() > 0, file, "lora_alpha", alpha, "it must be above 0");
        double by = json.path("use_rslora").asBoolean() ? Math.sqrt(rank.intValue()) : rank.intValue();
        return new AdapterConfig(rank.intValue(), alpha.doubleValue() / by);
    }

    private static boolean isOff(JsonNode value) {
        return value.isNull()
                || (value.isBoolean() && !value.booleanValue())
                || (value.isContainerNode() && value.isEmpty());
    }

    private static void require(boolean holds, Path file, String key, Object value, String what) {
        if (!holds) {
            String shown = String.valueOf(value);
            throw new BadInputException(
                    file + ": \"" + key + "\" is " + (shown.isEmpty() ? "missing" : shown) + "; " + what);
        }
    }
}
