"""The risk of one patient at each discharge in the store, for the report's timeline."""

from datetime import timedelta

from etl.features.compute import feature_row
from etl.online import load_note_vectors, load_patient
from homeward.champion import ChampionCache
from homeward.commands.monitor import labels_of
from homeward.demo.pictures import RiskPoint
from homeward.house import House
from model.predictor import Predictor
from privacy.dates import shift_days
from privacy.pseudonyms import pseudonym


def risk_over_time(house: House, real_id: str) -> list[RiskPoint]:
    """Scores at the patient's index discharges, on the true calendar, oldest first.

    The house knows the real id only because it was handed in, and gives nothing of it back.
    """
    patient = pseudonym(house.keys, "Patient", real_id)
    row, champion = load_patient(house.engine, house.settings.site, patient), ChampionCache(house)()
    if row is None or champion is None or not isinstance(champion.predictor, Predictor):
        return []
    back = timedelta(days=-shift_days(patient, house.keys))
    points = []
    for index in labels_of(house, patient).index:
        seen = feature_row(row.events, index.discharged_at, index.encounter_id, house.rules)
        encoder = champion.encoder.hash if champion.encoder else ""
        vectors = load_note_vectors(house.engine, house.settings.site, seen.note_keys, encoder)
        known = [vectors[key] for key in seen.note_keys if key in vectors]
        probability = champion.predictor.score(seen, known).probability
        points.append(RiskPoint(index.discharged_at + back, probability, index.label))
    return sorted(points, key=lambda point: point.at)
