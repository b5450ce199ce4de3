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

    static AdapterConfig read(Path folder) {
        Path file = folder.resolve(AdapterFiles.CONFIG);
        JsonNode json = JsonInput.readObject(file);
        String kind = json.path("peft_type").asText();
        require(kind.equals("LORA"), file, "peft_type", kind, "only LORA can be merged");
        for (String key : new String[] {"use_dora", "fan_in_fan_out", "lora_bias", "use_qalora"}) {
            require(!json.path(key).asBoolean(), file, key, "true", "this kind of LoRA is not known here");
        }
        String bias = json.path("bias").asText("none");
        require(bias.equals("none"), file, "bias", bias, "biases that learned cannot be merged here");
        for (String key : new String[] {"rank_pattern", "alpha_pattern", "modules_to_save", "layer_replication"}) {
            require(json.path(key).isEmpty(), file, key, json.path(key), "this kind of LoRA is not known here");
        }
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

    private static void require(boolean holds, Path file, String key, Object value, String what) {
        if (!holds) {
            String shown = String.valueOf(value);
            throw new BadInputException(
                    file + ": \"" + key + "\" is " + (shown.isEmpty() ? "missing" : shown) + "; " + what);
        }
    }
}
