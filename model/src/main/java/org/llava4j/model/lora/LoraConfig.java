package org.llava4j.model.lora;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.IntStream;
import org.llava4j.data.BadInputException;
import org.llava4j.model.config.LlamaConfig;

/**
 * LoRA configuration of a decoder (Hu et al. 2021): a linear layer {@code y = W x} becomes
 * {@code y = W x + alpha / rank * B (A dropout(x))}, where A is [rank, in] and B is [out, rank]. Tensor names are
 * {@code ...q_proj.lora_A.weight} and {@code ...q_proj.lora_B.weight}.
 *
 * @param rank 1 or more
 * @param alpha above 0
 * @param dropout dropout probability of the input of A during training, in [0, 1)
 * @param targets regular expressions that match whole weight names of the decoder's linear layers, the LM head excluded
 */
public record LoraConfig(int rank, double alpha, double dropout, List<String> targets) {
    /** All linear layers of the decoder, LLaVA's default. */
    public static final List<String> ALL_LINEAR =
            List.of("model\\.layers\\.\\d+\\.(self_attn\\.(q|k|v|o)_proj|mlp\\.(gate|up|down)_proj)\\.weight");

    /** LLaVA's defaults. */
    public static final LoraConfig LLAVA = new LoraConfig(64, 16, 0.05, ALL_LINEAR);

    private static final List<String> LINEAR_LAYERS = List.of(
            "self_attn.q_proj",
            "self_attn.k_proj",
            "self_attn.v_proj",
            "self_attn.o_proj",
            "mlp.gate_proj",
            "mlp.up_proj",
            "mlp.down_proj");

    private static final String LAYERS = "model.layers.";
    private static final String WEIGHT = ".weight";
    private static final String A = ".lora_A.weight";
    private static final String B = ".lora_B.weight";

    public LoraConfig {
        require(rank >= 1, "rank", rank, "give 1 or more");
        require(alpha > 0 && Double.isFinite(alpha), "alpha", alpha, "give a number above 0");
        require(dropout >= 0 && dropout < 1, "dropout", dropout, "give 0 or more, and less than 1");
        targets = targets == null ? List.of() : List.copyOf(targets);
        require(!targets.isEmpty(), "targets", "[]", "name at least one weight of the decoder");
        targets.forEach(LoraConfig::requireRegex);
    }

    /** Scale of the product B A. */
    public double scale() {
        return alpha / rank;
    }

    /**
     * Weight names that the targets match, layer by layer.
     *
     * @throws BadInputException if a target matches no weight
     */
    public Set<String> targetsIn(LlamaConfig decoder) {
        List<String> all = linearWeights(decoder);
        for (String target : targets) {
            if (all.stream().noneMatch(name -> name.matches(target))) {
                throw new BadInputException("\"targets\" of \"lora\" has \"" + target + "\", which matches no linear"
                        + " layer of the decoder's " + decoder.layers() + " layers; their names are like "
                        + all.get(0));
            }
        }
        Set<String> matched = new LinkedHashSet<>(all);
        matched.removeIf(name -> targets.stream().noneMatch(target -> name.matches(target)));
        return matched;
    }

    /**
     * Targets that match exactly these weights: one expression for each linear layer that all layers of the decoder have
     * among them, and one for each other weight.
     *
     * @param weights some of {@link #linearWeights}
     */
    public static List<String> targetsOf(Collection<String> weights, LlamaConfig decoder) {
        List<String> targets = new ArrayList<>();
        for (String linear : LINEAR_LAYERS) {
            List<String> targeted = IntStream.range(0, decoder.layers())
                    .mapToObj(layer -> LAYERS + layer + "." + linear + WEIGHT)
                    .filter(weights::contains)
                    .map(LoraConfig::literal)
                    .toList();
            String inAllLayers = literal(LAYERS) + "\\d+" + literal("." + linear + WEIGHT);
            targets.addAll(targeted.size() == decoder.layers() ? List.of(inAllLayers) : targeted);
        }
        return targets;
    }

    /** Weight names of all linear layers of a decoder, the LM head excluded. */
    public static List<String> linearWeights(LlamaConfig decoder) {
        return IntStream.range(0, decoder.layers())
                .boxed()
                .flatMap(layer -> LINEAR_LAYERS.stream().map(name -> LAYERS + layer + "." + name + WEIGHT))
                .toList();
    }

    /** Name of A of a weight. */
    public static String nameOfA(String weight) {
        return moduleOf(weight) + A;
    }

    /** Name of B of a weight. */
    public static String nameOfB(String weight) {
        return moduleOf(weight) + B;
    }

    public static boolean isA(String name) {
        return name.endsWith(A);
    }

    public static boolean isB(String name) {
        return name.endsWith(B);
    }

    /** Whether a tensor is an A or a B. */
    public static boolean isLora(String name) {
        return isA(name) || isB(name);
    }

    /** The weight that an A or a B belongs to. */
    public static String targetOf(String lora) {
        return lora.substring(0, lora.length() - A.length()) + WEIGHT;
    }

    private static String literal(String name) {
        return name.replace(".", "\\.");
    }

    /** Name of the linear layer of a weight. */
    public static String moduleOf(String weight) {
        return weight.substring(0, weight.length() - WEIGHT.length());
    }

    private static void requireRegex(String target) {
        try {
            Pattern.compile(target);
        } catch (PatternSyntaxException e) {
            throw new BadInputException(
                    "\"targets\" of \"lora\" has \"" + target + "\", which is not a regular expression: "
                            + e.getDescription(),
                    e);
        }
    }

    private static void require(boolean holds, String key, Object value, String what) {
        if (!holds) {
            throw new BadInputException("\"" + key + "\" of \"lora\" is " + value + "; " + what);
        }
    }
}
