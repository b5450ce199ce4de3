package org.llava4j.model.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;

class TypedSchemaTest {
    enum Direction {
        NORTH,
        @JsonProperty("south-west")
        SOUTH_WEST
    }

    record Place(String name, Optional<Direction> direction, int[] scores) {}

    record Trip(
            @JsonProperty("from_place") Place from,
            List<Place> places,
            Map<String, Boolean> flags,
            byte small,
            Long large,
            double distance,
            JsonNode extra) {}

    record Tree(String value, List<Tree> children) {}

    record Pair<T>(T first, T second) {}

    record Pairs(Pair<String> texts, Pair<BigInteger> numbers, BigDecimal exact) {}

    record Dated(LocalDate when) {}

    record Single(List<Float> values) {}

    record Keyed(Map<Integer, String> map) {}

    record Checked(int count) {
        Checked {
            if (count > 9) {
                throw new IllegalArgumentException("too many");
            }
        }
    }

    @Test
    void recordsBecomeDefinitions() {
        JsonNode schema = TypedSchema.of(Trip.class).schema().json();
        assertThat(schema.get("$ref").textValue()).isEqualTo("#/$defs/Trip");
        JsonNode trip = schema.at("/$defs/Trip");
        assertThat(trip.get("properties").fieldNames())
                .toIterable()
                .containsExactly("from_place", "places", "flags", "small", "large", "distance", "extra");
        assertThat(trip.get("required").size()).isEqualTo(7);
        assertThat(trip.at("/properties/small/maximum").intValue()).isEqualTo(127);
        assertThat(schema.at("/$defs/Place/properties/direction").toString())
                .isEqualTo("{\"anyOf\":[{\"enum\":[\"NORTH\",\"south-west\"]},{\"type\":\"null\"}]}");
    }

    @Test
    void readConvertsAnswers() {
        Trip trip = TypedSchema.of(Trip.class)
                .read(
                        "{\"from_place\": {\"name\": \"a\", \"direction\": \"south-west\", \"scores\": [1, 2]}, \"places\": [],"
                                + " \"flags\": {\"x\": true}, \"small\": -3, \"large\": 12345678901, \"distance\": 1.5e3, \"extra\": [1]}");
        assertThat(trip.from().direction()).contains(Direction.SOUTH_WEST);
        assertThat(trip.from().scores()).containsExactly(1, 2);
        assertThat(trip.flags()).containsEntry("x", true);
        assertThat(trip.large()).isEqualTo(12345678901L);
        assertThat(TypedSchema.of(Place.class)
                        .read("{\"name\": \"\", \"direction\": null, \"scores\": []}")
                        .direction())
                .isEmpty();
        assertThat(TypedSchema.of(Direction.class).read("\"NORTH\"")).isEqualTo(Direction.NORTH);
        assertThat(TypedSchema.of(int.class).read("7")).isEqualTo(7);
    }

    @Test
    void recursiveAndGenericRecordsHaveOneDefinitionEach() {
        assertThat(TypedSchema.of(Tree.class).schema().json().get("$defs").size())
                .isEqualTo(1);
        JsonNode schema = TypedSchema.of(Pairs.class).schema().json();
        assertThat(schema.get("$defs").size()).isEqualTo(3);
        assertThat(TypedSchema.of(Pairs.class)
                        .read(
                                "{\"texts\": {\"first\": \"a\", \"second\": \"b\"}, \"numbers\": {\"first\": 1, \"second\": 2},"
                                        + " \"exact\": 0.1}")
                        .exact())
                .isEqualTo("0.1");
    }

    @Test
    void ofRefusesOtherTypesByPath() {
        assertThatThrownBy(() -> TypedSchema.of(Dated.class))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("Dated.when is a java.time.LocalDate");
        assertThatThrownBy(() -> TypedSchema.of(Single.class))
                .hasMessageContaining("Single.values[] is a java.lang.Float");
        assertThatThrownBy(() -> TypedSchema.of(Keyed.class)).hasMessageContaining("Keyed.map is a java.util.Map");
        assertThatThrownBy(() -> TypedSchema.of(Object.class)).hasMessageContaining("java.lang.Object");
    }

    @Test
    void readRefusesWhatTheConstructorRefuses() {
        assertThat(TypedSchema.of(Checked.class).read("{\"count\": 9}").count()).isEqualTo(9);
        assertThatThrownBy(() -> TypedSchema.of(Checked.class).read("{\"count\": 10}"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("Checked");
        assertThatThrownBy(() -> TypedSchema.of(Checked.class).read("{\"count\": "))
                .isInstanceOf(BadInputException.class);
    }
}
