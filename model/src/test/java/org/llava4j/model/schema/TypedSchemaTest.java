package org.llava4j.model.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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

    record Basket(@JsonProperty("all") List<String> list, int size) {
        List<String> getItems() {
            return list;
        }

        public List<String> getOthers() {
            return list;
        }
    }

    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record Named(int roomCount, @JsonAlias("old") String streetName) {}

    @Test
    void propertiesAreConstructorParametersInTheirOrder() {
        JsonNode basket = TypedSchema.of(Basket.class).schema().json().at("/$defs/Basket");
        assertThat(basket.get("required").toString()).isEqualTo("[\"all\",\"size\"]");
        assertThat(basket.get("properties").fieldNames()).toIterable().containsExactly("all", "size");
        assertThat(TypedSchema.of(Basket.class)
                        .read("{\"all\": [\"a\"], \"size\": 1}")
                        .list())
                .containsExactly("a");
        JsonNode named = TypedSchema.of(Named.class).schema().json().at("/$defs/Named");
        assertThat(named.get("properties").fieldNames()).toIterable().containsExactly("room_count", "street_name");
        assertThat(TypedSchema.of(Named.class)
                        .read("{\"room_count\": 3, \"street_name\": \"a\"}")
                        .roomCount())
                .isEqualTo(3);
    }

    record Ignoring(String name, @JsonIgnore String secret) {}

    record ReadOnly(
            @JsonProperty(access = JsonProperty.Access.READ_ONLY)
            String id,

            String name) {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    sealed interface Shape permits Circle {}

    record Circle(double radius) implements Shape {}

    @JsonFormat(shape = JsonFormat.Shape.ARRAY)
    record Point(int x, int y) {}

    record Line(List<Point> points) {}

    record Created(int count) {
        @JsonCreator
        static Created of(@JsonProperty("number") int number) {
            return new Created(number);
        }
    }

    enum Numbered {
        ONE;

        @JsonCreator
        static Numbered of(int number) {
            return values()[number];
        }
    }

    @ParameterizedTest
    @CsvSource({
        "Ignoring, Ignoring has the annotation @JsonIgnore",
        "ReadOnly, ReadOnly has the annotation @JsonProperty(access = READ_ONLY)",
        "Circle, Circle has the annotation @JsonTypeInfo",
        "Point, Point has the annotation @JsonFormat",
        "Line, Line.points[] has the annotation @JsonFormat",
        "Created, Created has the annotation @JsonCreator",
        "Numbered, ONE serializes to \"ONE\", which does not deserialize to it",
    })
    void ofRefusesAnnotationsThatChangeReading(String type, String problem) throws ClassNotFoundException {
        Class<?> nested = Class.forName(TypedSchemaTest.class.getName() + "$" + type);
        assertThatThrownBy(() -> TypedSchema.of(nested))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(problem)
                .hasMessageContaining("remove");
    }

    record Growing<T>(T value, Optional<Growing<List<T>>> next) {}

    record Growth(Growing<String> first) {}

    @Test
    void ofRefusesTypesThatGrow() {
        assertThatThrownBy(() -> TypedSchema.of(Growth.class))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("is inside of 32 records");
    }

    record Pair3(boolean flag) {}

    record Clash(Pair<String> a, Pair3 b, Pair<Integer> c, Pair<Boolean> d) {}

    @Test
    void definitionsHaveNamesOfTheirOwn() {
        JsonNode schema = TypedSchema.of(Clash.class).schema().json();
        assertThat(schema.get("$defs").fieldNames())
                .toIterable()
                .containsExactlyInAnyOrder("Clash", "Pair", "Pair2", "Pair3", "Pair4");
        assertThat(schema.at("/$defs/Pair3/properties/flag/type").textValue()).isEqualTo("boolean");
        assertThat(schema.at("/$defs/Pair4/properties/first/type").textValue()).isEqualTo("boolean");
    }

    @Test
    void readRefusesKeysThatOccurTwice() {
        assertThatThrownBy(() -> TypedSchema.of(Flags.class).read("{\"flags\": {\"a\": true, \"a\": false}}"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("cannot be read as Flags")
                .hasMessageContaining("Duplicate field 'a'");
    }

    record Flags(Map<String, Boolean> flags) {}
}
