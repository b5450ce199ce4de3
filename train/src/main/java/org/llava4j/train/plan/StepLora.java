package org.llava4j.train.plan;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.train.plan.StepLayers.Matrix;

/** LoRA adapters on the linear layers of a decoder. */
final class StepLora {
    private final StepLayers layers;
    private final int rank;
    private final boolean dropout;
    private final Set<String> targets;

    StepLora(StepLayers layers, @Nullable LoraConfig lora, LlamaConfig decoder) {
        this.layers = layers;
        rank = lora == null ? 0 : lora.rank();
        dropout = lora != null && lora.dropout() != 0;
        targets = lora == null ? Set.of() : lora.targetsIn(decoder);
    }

    /** y_i + scale * B_i (A_i dropout_i(x)), or y_i itself if the weight is not a LoRA target. */
    List<StepArray> addLora(List<StepArray> ys, StepArray x, Matrix... weights) {
        // Breadth-first, as SameDiff runs them: all are ready when x is.
        Map<Integer, StepArray> branches = new LinkedHashMap<>();
        for (int i = 0; i < weights.length; i++) {
            if (targets.contains(nameOf(weights[i]))) {
                branches.put(i, dropout ? layers.withAdjointGradient(x) : x);
            }
        }
        branches.replaceAll((i, dropped) ->
                layers.linear(dropped, part(LoraConfig.nameOfA(nameOf(weights[i])), rank, weights[i].inputs())));
        branches.replaceAll((i, product) -> layers.withAdjointGradient(product));
        List<StepArray> sums = new ArrayList<>(ys);
        branches.forEach((i, scaled) -> {
            Matrix b = part(LoraConfig.nameOfB(nameOf(weights[i])), weights[i].outputs(), rank);
            sums.set(i, layers.linear(scaled, ys.get(i), b).get(0));
        });
        return sums;
    }

    StepArray addLora(StepArray y, StepArray x, Matrix weight) {
        return addLora(List.of(y), x, new Matrix[] {weight}).get(0);
    }

    private static String nameOf(Matrix weight) {
        return weight.name() + ".weight";
    }

    private static Matrix part(String name, long outputs, long inputs) {
        return new Matrix(name.substring(0, name.length() - ".weight".length()), outputs, inputs, false);
    }
}
