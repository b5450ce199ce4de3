package org.llava4j.train.plan;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.train.plan.StepLayers.Matrix;

/** What LoRA adds beside the linear layers of a decoder. */
final class StepLora {
    private final StepLayers layers;
    private final Optional<LoraConfig> lora;
    private final Set<String> targets;

    StepLora(StepLayers layers, Optional<LoraConfig> lora, LlamaConfig decoder) {
        this.layers = layers;
        this.lora = lora;
        targets = lora.map(config -> config.targetsIn(decoder)).orElse(Set.of());
    }

    /** y_i + scale * B_i (A_i drop_i(x)), or y_i itself where the weight is no target. */
    List<StepArray> addLora(List<StepArray> ys, StepArray x, Matrix... weights) {
        // Side by side, as SameDiff runs them: all are ready when x is.
        Map<Integer, StepArray> low = new LinkedHashMap<>();
        for (int i = 0; i < weights.length; i++) {
            if (targets.contains(nameOf(weights[i]))) {
                low.put(i, lora.orElseThrow().dropout() == 0 ? x : layers.withAdjointGradient(x));
            }
        }
        low.replaceAll((i, dropped) ->
                layers.linear(dropped, part(LoraConfig.nameOfA(nameOf(weights[i])), rank(), weights[i].inputs())));
        low.replaceAll((i, product) -> layers.withAdjointGradient(product));
        List<StepArray> sums = new ArrayList<>(ys);
        low.forEach((i, scaled) -> {
            Matrix b = part(LoraConfig.nameOfB(nameOf(weights[i])), weights[i].outputs(), rank());
            sums.set(i, layers.linear(scaled, ys.get(i), b).get(0));
        });
        return sums;
    }

    StepArray addLora(StepArray y, StepArray x, Matrix weight) {
        return addLora(List.of(y), x, new Matrix[] {weight}).get(0);
    }

    private int rank() {
        return lora.orElseThrow().rank();
    }

    private static String nameOf(Matrix weight) {
        return weight.name() + ".weight";
    }

    private static Matrix part(String name, long outputs, long inputs) {
        return new Matrix(name.substring(0, name.length() - ".weight".length()), outputs, inputs, false);
    }
}
